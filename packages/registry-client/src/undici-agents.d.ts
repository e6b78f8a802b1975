/** What one of undici's own modules gives; its types speak only of the whole. */
declare module "undici/lib/dispatcher/agent.js" {
  export { Agent as default } from "undici";
}
