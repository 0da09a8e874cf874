import { describe, expect, it } from 'vitest';
import { parseCounterKey } from './counter-key.js';

describe('counter names', () => {
  it.each([
    '',
    '*',
    'rate_limit:*:1',
    'rate_limit:wechat',
    'rate_limit:{ns:1}:1',
    'token_limit:0:hour:1',
    'token_limit:1:day:1',
    'rule:x',
    'rule:1:../../x',
    'rule:p3-1',
    'rule:p3-1@',
    'rule:p3@wechat',
    'rule:p0-1@wechat',
    'rule:p3-1@{ns:1}',
    'config:namespace:1',
    'rate_limit:wechat:1\nFLUSHALL',
  ])('refuse %j', (key) => {
    expect(parseCounterKey(key)).toBeNull();
  });

  it('read the documented families', () => {
    expect(parseCounterKey('rate_limit:wechat:1234567890')).toEqual({
      family: 'rate_limit',
      namespaceCode: 'wechat',
      window: '1234567890',
    });
    expect(parseCounterKey('token_limit:7:hour:2025010110')).toEqual({
      family: 'token_limit',
      namespaceId: 7,
      window: '2025010110',
    });
    expect(parseCounterKey('rule:7')).toEqual({ family: 'rule', ruleId: 7, scope: '-' });
    expect(parseCounterKey('rule:7:00ff')).toEqual({ family: 'rule', ruleId: 7, scope: '00ff' });
  });

  it('read the rule a namespace inherits, with the namespace that counts', () => {
    expect(parseCounterKey('rule:p3-1@we-chat.1')).toEqual({
      family: 'inherited_rule',
      ruleId: 'p3-1',
      namespaceCode: 'we-chat.1',
      scope: '-',
    });
    expect(parseCounterKey('rule:p3-1@wechat:00ff')).toMatchObject({
      namespaceCode: 'wechat',
      scope: '00ff',
    });
  });
});
