import 'reflect-metadata';
import { describeConfigDocuments } from './config-documents.contract.js';

describeConfigDocuments('SQLite', () => Promise.resolve({}));
