/**
 * ISO 639-1 code of a line of text, as far as its script tells it; `und` (undetermined) for digits and signs alone. The model reads
 * English and Chinese: Latin letters are called English.
 */
export function languageOf(text: string): 'en' | 'zh' | 'ja' | 'ko' | 'ru' | 'und' {
  // Kana before Han: Japanese uses both.
  if (/[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text)) return 'ja';
  if (/\p{Script=Hangul}/u.test(text)) return 'ko';
  if (/\p{Script=Han}/u.test(text)) return 'zh';
  if (/\p{Script=Cyrillic}/u.test(text)) return 'ru';
  return /\p{Script=Latin}/u.test(text) ? 'en' : 'und';
}
