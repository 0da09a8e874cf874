import 'reflect-metadata';
import { describeInstances } from './instances.contract.js';

describeInstances('the embedded database', () => Promise.resolve({}));
