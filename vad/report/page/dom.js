"use strict";

// Every text goes into the page as text: nothing here reads HTML.
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child != null));
  return node;
}

const byId = (id) => document.getElementById(id);

const count = (number) => number.toLocaleString("en");

const counted = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;

function figure(value, decimals = 3) {
  if (value == null) return "missing";
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

function signed(value, decimals = 1) {
  return value == null ? "missing" : (value > 0 ? "+" : "") + figure(value, decimals);
}

function option(value, text) {
  return el("option", { value }, text);
}
