import 'reflect-metadata';
import { describeRevisionsApi } from './revisions-api.contract.js';

describeRevisionsApi('SQLite', () => Promise.resolve({}));
