import { describeFeedHistory } from './feed-history.contract.js';

describeFeedHistory('SQLite', () => Promise.resolve({}));
