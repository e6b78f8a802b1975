import { serializerCompiler } from "fastify-type-provider-zod";

/** Checks an answer and makes it text, as `serializerCompiler` does, but once where many requests are answered with the same object. */
export const serializeOnce: typeof serializerCompiler = (route) => {
  const serialize = serializerCompiler(route);
  const texts = new WeakMap<object, string>();
  return (answer: unknown) => {
    if (typeof answer !== "object" || answer === null) return serialize(answer);
    const text = texts.get(answer) ?? serialize(answer);
    texts.set(answer, text);
    return text;
  };
};
