import { render } from "preact";
import { App } from "./app.tsx";
import "./page.css";

const page = document.getElementById("page");
if (page) render(<App />, page);
