// The rule behind each kind of alert, and the list of all kinds: article and penalty article of 校车安全管理条例 (State Council Order 617, 2012).
// The gists are ours, in i18n.js under law.<KIND>; the articles' numbers are those of docs/rules.md.

const RULES = {
  OVERLOAD: { articles: [34], penalty: 50 },
  OFF_ROUTE: { articles: [30], penalty: 48 },
  OUT_OF_HOURS: { articles: [14, 16], penalty: null },
  UNAPPROVED_STOP: { articles: [32], penalty: 48 },
  UNLICENSED: { articles: [14, 18], penalty: 45 },
  OVERSPEED: { articles: [35], penalty: null },
  UNBELTED: { articles: [39], penalty: null },
  DOOR_OPEN_MOVING: { articles: [39], penalty: null },
  CHILD_LEFT_BEHIND: { articles: [39], penalty: null },
  SENSOR_FAULT: { articles: [21], penalty: null },
  TAMPER: { articles: [21], penalty: null },
};

const OF_INSPECTION = { articles: [20], penalty: null, gist: 'law.UNLICENSED.INSPECTION_EXPIRED' };

export const KINDS = Object.keys(RULES);

/** { articles: [number], penalty: number or null, gist: text key }, or null for a kind this page does not know. */
export function ruleOf({ kind, evidence }) {
  if (kind === 'UNLICENSED' && evidence?.reason === 'INSPECTION_EXPIRED') return OF_INSPECTION;
  return kind in RULES ? { gist: `law.${kind}`, ...RULES[kind] } : null;
}

const DIGITS = '零一二三四五六七八九';

/** 34 -> "三十四"; 1..99. */
export function chineseNumber(n) {
  const [tens, ones] = [Math.floor(n / 10), n % 10];
  if (tens === 0) return DIGITS[ones];
  return `${tens === 1 ? '' : DIGITS[tens]}十${ones === 0 ? '' : DIGITS[ones]}`;
}
