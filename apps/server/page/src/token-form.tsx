import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Problem } from "./problem.ts";
import { currentToken, setToken } from "./token.ts";

/** Asks for the token that the server wants. */
export function TokenForm({ problem }: { problem: Pick<Problem, "detail" | "hint"> }): VNode {
  const [text, setText] = useState("");
  const submit = (event: Event): void => {
    event.preventDefault();
    if (text.trim() !== "") setToken(text.trim());
  };
  return (
    <form class="note" onSubmit={submit} aria-labelledby="token-title">
      <h2 id="token-title">This server wants a token</h2>
      {currentToken() !== undefined && (
        <p role="alert">
          The token was refused: {problem.detail} {problem.hint}
        </p>
      )}
      <p id="token-help">
        Whoever runs the server makes tokens. It is kept in this tab alone, until the tab is closed.
      </p>
      <div class="field">
        <label for="token">Token</label>
        <input
          id="token"
          type="password"
          autocomplete="off"
          spellcheck={false}
          required
          aria-describedby="token-help"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </div>
      <button type="submit" class="main">
        Use token
      </button>
    </form>
  );
}
