// What a browser painted, as plain values: run in the page by chromium.py.
() => {
  const SAMPLE = 80;
  const BLOCKS = new Set(["block", "list-item", "table-cell", "table-caption",
    "flow-root", "flex", "grid", "inline-block", "table"]);
  const window_width = document.documentElement.clientWidth;

  const clean = (text) => text.replace(/\s+/g, " ").trim();
  const styles = new Map();
  const style_of = (element) => {
    if (!styles.has(element)) styles.set(element, getComputedStyle(element));
    return styles.get(element);
  };

  // "rgb(1, 2, 3)", "rgba(1, 2, 3, 0.5)", "color(srgb 0.1 0.2 0.3 / 0.5)".
  const colour_of = (written) => {
    const numbers = (written.match(/[\d.]+(?:e-?\d+)?/g) || ["0", "0", "0", "0"]).map(Number);
    const scale = written.startsWith("color(") ? 255 : 1;
    const [red, green, blue, alpha = 1] = numbers;
    return [red * scale, green * scale, blue * scale, alpha];
  };
  const over = (top, bottom) => [0, 1, 2].map(
    (part) => top[part] * top[3] + bottom[part] * (1 - top[3])).concat(1);

  // The colour of an empty page, which depends on light and dark.
  const probe = document.createElement("span");
  probe.style.cssText = "background-color: Canvas !important; position: absolute";
  document.documentElement.append(probe);
  const canvas = colour_of(getComputedStyle(probe).backgroundColor);
  probe.remove();

  const grounds = new Map();
  // What an element stands on, itself included; null where that is a picture.
  const ground_of = (element) => {
    if (element === null) return canvas;
    if (grounds.has(element)) return grounds.get(element);
    const style = style_of(element);
    const own = colour_of(style.backgroundColor);
    let ground;
    if (style.backgroundImage !== "none") ground = null;
    else if (own[3] >= 1) ground = own;
    else {
      const below = ground_of(element.parentElement);
      ground = below && over(own, below);
    }
    grounds.set(element, ground);
    return ground;
  };

  const opacities = new Map();
  const opacity_of = (element) => {
    if (element === null) return 1;
    if (!opacities.has(element)) {
      const own = Number(style_of(element).opacity);
      opacities.set(element, own * opacity_of(element.parentElement));
    }
    return opacities.get(element);
  };

  const block_around = (element) => {
    while (element.parentElement && !BLOCKS.has(style_of(element).display)) {
      element = element.parentElement;
    }
    return element;
  };
  const is_seen = (element, box) => box.width >= 1 && box.height >= 1
    && style_of(element).visibility === "visible" && opacity_of(element) > 0;

  // --- texts ---------------------------------------------------------------------------

  const lines_of = (rects, font) => {
    const tops = [];
    for (const rect of rects) {
      const middle = rect.top + rect.height / 2;
      if (!tops.some((top) => Math.abs(top - middle) < font / 2)) tops.push(middle);
    }
    return tops.sort((one, other) => one - other);
  };

  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const words = clean(node.data);
    const element = node.parentElement;
    if (!/[\p{L}\p{N}]/u.test(words) || element.closest("style,script,title")) continue;
    range.selectNodeContents(node);
    const rects = [...range.getClientRects()].filter((rect) => rect.width >= 1);
    if (!rects.length || !is_seen(element, rects[0])) continue;
    const style = style_of(element);
    const font = parseFloat(style.fontSize);
    const ground = ground_of(element);
    const ink = colour_of(style.color);
    ink[3] *= opacity_of(element);
    const tops = lines_of(rects, font);
    const block = block_around(element);
    texts.push({
      words: words.slice(0, SAMPLE),
      colour: over(ink, ground || canvas).slice(0, 3),
      ground: ground && ground.slice(0, 3),
      font_px: font,
      block_font_px: parseFloat(style_of(block).fontSize),
      block_length: clean(block.textContent).length,
      is_bold: Number(style.fontWeight) >= 700,
      is_heading: element.closest("h1,h2,h3,h4,h5,h6,[role=heading]") !== null,
      lines: tops.length,
      line_px: tops.length > 1 ? (tops.at(-1) - tops[0]) / (tops.length - 1) : 0,
    });
  }

  // --- links ---------------------------------------------------------------------------

  const rects_of = (element) => [element, ...element.querySelectorAll("*")]
    .flatMap((one) => [...one.getClientRects()])
    .filter((rect) => rect.width > 0 && rect.height > 0);
  const box_of = (rects) => {
    const left = Math.min(...rects.map((rect) => rect.left));
    const top = Math.min(...rects.map((rect) => rect.top));
    const right = Math.max(...rects.map((rect) => rect.right));
    const bottom = Math.max(...rects.map((rect) => rect.bottom));
    return rects.length
      ? {left, top, right, bottom, width: right - left, height: bottom - top}
      : {left: 0, top: 0, right: 0, bottom: 0, width: 0, height: 0};
  };

  // Letters around a link, outside every link; separators such as "·" are none.
  const has_words_around = (link) => {
    const block = block_around(link.parentElement);
    const inside = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
    while (inside.nextNode()) {
      const node = inside.currentNode;
      if (/\p{L}/u.test(node.data) && !node.parentElement.closest("a[href]")
          && block_around(node.parentElement) === block
          && is_seen(node.parentElement, {width: 1, height: 1})) return true;
    }
    return false;
  };

  const has_frame = (style) => ["Top", "Right", "Bottom", "Left"].filter(
    (side) => parseFloat(style[`border${side}Width`]) > 0
      && style[`border${side}Style`] !== "none").length;
  const differs = (element) => {
    const here = ground_of(element), around = ground_of(element.parentElement);
    return String(here) !== String(around);
  };

  const is_marked = (link) => {
    const around = style_of(link.parentElement);
    return [link, ...link.querySelectorAll("*")].some((element) => {
      const style = style_of(element);
      return style.textDecorationLine.includes("underline")
        || Math.abs(Number(style.fontWeight) - Number(around.fontWeight)) >= 200
        || has_frame(style) > 0
        || differs(element)
        || element.tagName === "IMG";
    });
  };

  // The link, or a cell that holds nothing else, is painted as a box.
  const is_button = (link) => {
    const words = clean(link.textContent);
    for (let element = link; element && element !== document.body;
      element = element.parentElement) {
      if (clean(element.textContent) !== words || !words) return false;
      if (differs(element) || has_frame(style_of(element)) === 4) {
        // A box as wide as the mail is its frame, no button.
        return element === link || element.getBoundingClientRect().height < 90;
      }
    }
    return false;
  };

  const seen = [...document.querySelectorAll("a[href]")]
    .map((element) => ({element, rects: rects_of(element)}))
    .map(({element, rects}) => ({element, rects, box: box_of(rects)}))
    .filter(({element, box}) => is_seen(element, box)
      && (clean(element.textContent) || element.querySelector("img")));

  // WCAG 2.2, 2.5.8, exception "spacing": a circle of 24 pixels on the middle of a small
  // target touches no other target, nor the circle of another small one.
  const is_small = (box) => box.width < 24 || box.height < 24;
  const distance = (x, y, box) => Math.hypot(
    Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom));
  const is_crowded = (at) => {
    const {element, box} = seen[at];
    if (!is_small(box)) return false;
    const x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2;
    return seen.some((other, index) => {
      if (index === at || other.element.contains(element)) return false;
      const middle = [(other.box.left + other.box.right) / 2,
        (other.box.top + other.box.bottom) / 2];
      return other.rects.some((rect) => distance(x, y, rect) < 12)
        || (is_small(other.box) && Math.hypot(x - middle[0], y - middle[1]) < 24);
    });
  };

  const links = seen.map(({element, box}, at) => ({
    words: clean(element.textContent || element.querySelector("img").alt).slice(0, SAMPLE),
    href: element.getAttribute("href"),
    width_px: box.width,
    height_px: box.height,
    is_in_text: has_words_around(element),
    is_marked: is_marked(element),
    is_button: is_button(element),
    is_crowded: is_crowded(at),
  }));

  // --- width ---------------------------------------------------------------------------

  const page_width = document.documentElement.scrollWidth;
  const sticks_out = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && (box.right > window_width + 1 || box.left < -1);
  };
  const wide = page_width <= window_width ? [] : [...document.body.querySelectorAll("*")]
    .filter((element) => sticks_out(element)
      && ![...element.children].some(sticks_out))
    .slice(0, 20)
    .map((element) => ({
      tag: element.tagName.toLowerCase(),
      width_px: element.getBoundingClientRect().width,
      words: clean(element.textContent || element.alt || "").slice(0, SAMPLE),
    }));

  return {width_px: window_width, page_width_px: page_width, texts, links, wide};
}
