/**
 * Texts on which a converted vocabulary is compared with its reference: what people write, what
 * tokenizers get wrong, and a deterministic mixture of both.
 */

const WRITTEN = [
  'The quick brown fox jumps over the lazy dog.',
  "I'm sure they've said we'll be there; it's DON'T, HE'LL and o'clock, 'tis.",
  "Größe, naïve café, Łódź, İstanbul, ſ’ſ 'ſ, Ångström, ǅungla, ﬁne",
  '人工智能正在改变世界，我们应该如何应对？没有标点的长句子也要正确地切分成词元',
  '吾輩は猫である。名前はまだ無い。カタカナとひらがな、漢字〇々〆・ー゠ヿ フ゘ か゛ ア・イ',
  '모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다',
  'يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق ١٢٣٤٥',
  'सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता प्राप्त है',
  'Все люди рождаются свободными и равными в своём достоинстве и правах',
  'มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์',
  'function add(a, b) {\n\treturn a + b; // sum\n}\n\n\nconst x = `${y}`;\r\n',
  'def f(x: int) -> int:\n    """Doc."""\n    return x**2 if x != 0 else -1\n',
  '#include <stdio.h>\nint main(void) { printf("%d\\n", 0x1F & ~3); }\n',
  '{"a": [1, 2.5e-3, null, true], "ключ": "值", "nested": {"b": "\\u00e9"}}',
  '<div class="x">&nbsp;</div><!-- note -->\n$HOME/bin:/usr/local/bin https://e.org/?q=1&r=2#top',
  '| a | b |\n|---|:-:|\n| 1 | 22 |\n\n## Title\n\n- item\n  - nested\n\n> quote\n',
  '1234567890 3.14159 1,000,000 ½ Ⅷ ⅒ ٣٤٥ 2026-01-31T23:59:59Z v1.2.3-rc.4',
  '👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪🇯🇵 ☃️ 🤷‍♂️ ❤️‍🔥 text😀text',
  '   leading\t\ttabs  and   runs     of spaces \n \n  \r\n\r\n   trailing   ',
  'zero\u200bwidth\u200djoiners\ufeff \u00a0no-break\u3000ideographic\u2028line\u0085next',
  'control\u0001\u0002 characters\u001b[31m\u007f and \ue000private\u{f0000} use',
  'e\u0301 combined a\u0308\u0323 ́lone mark q\u0307\u0323 각 각 Å',
  '!!!??? ... --- *** ((([[[{{{ }}})) @#$%^&*~`+=|\\/<>"\'',
  'camelCaseIdentifier snake_case_name SCREAMING_CASE HTTPServer2Client kebab-case',
  'aGVsbG8gd29ybGQgdGhpcyBpcyBiYXNlNjQ= 5f4dcc3b5aa765d61d8327deb882cf99',
  ' <|im_start|> <|endoftext|> [INST] <s> </s> <think>',
  '',
  ' ',
  '\n',
] as const;

const RANDOM_TEXTS = 600;
const MAX_PIECES = 24;

/** The same some six hundred texts each time. */
export function sampleTexts(): string[] {
  const characters = Array.from(WRITTEN.join(''));
  const words = WRITTEN.join(' ').split(/(?<=\s)/u);
  const next = randomNumbers();
  const pick = (list: readonly string[]) => list[next(list.length)] ?? '';
  const mixtures = Array.from({ length: RANDOM_TEXTS }, (_, index) =>
    Array.from({ length: 1 + next(MAX_PIECES) }, () =>
      pick(index % 2 === 0 ? characters : words),
    ).join(''),
  );
  return [...WRITTEN, ...mixtures];
}

/** Whole numbers below a bound; a linear congruential generator (Numerical Recipes). */
function randomNumbers(): (below: number) => number {
  let state = 1;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
