// Finds words in the mail, whatever the typography, line ends and tags between them.

const LETTER = /[\p{L}\p{N}]/u;
const HEADINGS = "h1, h2, h3, h4, h5, h6";
const ELEMENTS = { heading: HEADINGS, link: "a" };
const BLOCKS = "p, li, h1, h2, h3, h4, h5, h6, a, td, th, blockquote, div";
// Tried in turn when the words are not there as a whole: numbers of links stand between
// the words of the text part, and a fallback may have given way to a name.
const SHORTER = [Infinity, 28, 14];

const fold = (words) => [...words].filter((c) => LETTER.test(c)).join("").toLowerCase();

// All letters of a document that can be seen, each with the place it stands in.
function letters(doc) {
  const walker = doc.createTreeWalker(doc.body, NodeFilter.SHOW_TEXT);
  const places = [];
  let text = "";
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!isSeen(node.parentElement)) continue;
    let at = 0;
    for (const character of node.data) {
      if (LETTER.test(character)) {
        const small = character.toLowerCase();
        text += small;
        for (let i = 0; i < small.length; i += 1) places.push([node, at, character.length]);
      }
      at += character.length;
    }
  }
  return { text, places };
}

function isSeen(element) {
  const box = element.getBoundingClientRect();
  return box.width > 1 && box.height > 1;
}

function matches({ text, places }, needle) {
  const found = [];
  for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + needle.length)) {
    found.push([places[at], places[at + needle.length - 1]]);
  }
  return found;
}

function among(found, kind) {
  const inside = (match, selector) => match[0][0].parentElement.closest(selector);
  const selector = ELEMENTS[kind];
  const fit = selector
    ? found.filter((match) => inside(match, selector))
    : found.filter((match) => !inside(match, HEADINGS));
  return fit.length ? fit : found;
}

// The block if it begins with the words, else the words alone.
function boxOf(doc, [start, end], needle) {
  const block = start[0].parentElement.closest(BLOCKS);
  if (block && fold(block.textContent).startsWith(needle)) return block.getBoundingClientRect();
  const range = doc.createRange();
  range.setStart(start[0], start[1]);
  range.setEnd(end[0], end[1] + end[2]);
  return range.getBoundingClientRect();
}

// Returns the box of a landmark inside the frame, or nothing where it is not shown.
export function find(doc, { kind, words, nth, picture }) {
  if (kind === "image" && picture) {
    const image = [...doc.images].find((one) => one.src.endsWith(`/${picture}`));
    if (image) return image.getBoundingClientRect();
  }
  const whole = fold(words);
  if (!whole) return null;
  const all = letters(doc);
  for (const length of SHORTER) {
    const needle = whole.slice(0, length);
    const found = among(matches(all, needle), kind);
    if (found.length) return boxOf(doc, found[Math.min(nth, found.length - 1)], needle);
  }
  return null;
}
