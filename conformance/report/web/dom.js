// Making elements. Every text becomes a text node: nothing of the results is ever parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

/** h("td", {class: "x", onclick: f}, "text", [nodes]); null and false attributes and children are left out. */
function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function s(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

const PICTURES = new Map();

/** The picture with this id in the page's sprite. A copy is laid out far faster than a reference to it. */
function picture(id) {
  if (!PICTURES.has(id)) {
    const shapes = [...document.getElementById(id).childNodes].map((node) => node.cloneNode(true));
    PICTURES.set(id, s("svg", { viewBox: "0 0 16 16", focusable: "false" }, shapes));
  }
  return PICTURES.get(id).cloneNode(true);
}

/** The symbol of a verdict. Hidden from screen readers: whoever places it says its name. */
function mark(verdict, { neutral = false, letter = "" } = {}) {
  const kinds = ["mark", verdict, neutral && "neutral", letter && "lettered"].filter(Boolean).join(" ");
  // Nearly all marks are these; borders are laid out far faster than a picture.
  const drawn = ["conforms", "observed", "unsupported"].includes(verdict)
    ? letter
    : picture(`v-${neutral && verdict === "raises" ? "raises-neutral" : verdict}`);
  return h("span", { class: kinds, "aria-hidden": "true" }, drawn);
}

/** A sentence in which `names` are set as code. */
function prose(text) {
  return text.split(/`([^`]+)`/).map((part, i) => (i % 2 ? h("code", null, part) : part));
}

function details(summary, ...children) {
  return h("details", null, h("summary", null, summary), ...children);
}

function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

/** A filter that is on or off. */
function chip(onclick, { title = null, contents }) {
  return h("button", { type: "button", class: "chip", "aria-pressed": "false", title, onclick }, contents);
}

const press = (button, on) => button.setAttribute("aria-pressed", String(on));
