import 'reflect-metadata';
import { describeBatch } from './batch.contract.js';

describeBatch('SQLite', () => Promise.resolve({}));
