import { mount } from "svelte";
import "uplot/dist/uPlot.min.css";
import "./theme.css";
import App from "./App.svelte";
import { fetchSoon } from "./fetch_later";

const target = document.getElementById("panel");
if (target) mount(App, { target });
fetchSoon();
