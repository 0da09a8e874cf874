/** The text an answer is made from: the last message, or the prompt. */
type Fields = Readonly<Record<string, unknown>>;

export function promptText(body: Fields): string {
  const { messages, prompt } = body;
  if (Array.isArray(messages)) return contentText((messages.at(-1) as Fields | undefined)?.content);
  if (typeof prompt === 'string') return prompt;
  return Array.isArray(prompt) ? prompt.filter((item) => typeof item === 'string').join('\n') : '';
}

function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part) => (part as Fields).text)
    .filter((text) => typeof text === 'string')
    .join('\n');
}
