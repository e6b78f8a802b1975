import type { Page } from "playwright-core";

export interface PoorContrast {
  readonly text: string;
  readonly ratio: number;
}

/**
 * Texts that stand out less than WCAG 2.2 asks for (1.4.3: 4.5, large ones 3), and edges of controls (1.4.11: 3). The colour behind is the
 * nearest opaque one of the ancestors; gradients and images behind texts there are none.
 */
export async function poorContrasts(page: Page): Promise<readonly PoorContrast[]> {
  return await page.evaluate(() => {
    type Colour = readonly [number, number, number, number];
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    if (!canvas) throw new Error("no canvas");
    const parse = (text: string): Colour => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = text;
      canvas.fillRect(0, 0, 1, 1);
      const [red = 0, green = 0, blue = 0, alpha = 0] = canvas.getImageData(0, 0, 1, 1).data;
      return [red, green, blue, alpha / 255];
    };
    const luminance = ([red, green, blue]: Colour): number => {
      const [r = 0, g = 0, b = 0] = [red, green, blue].map((value) => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ratioOf = (one: Colour, other: Colour): number => {
      const [light = 0, dark = 0] = [luminance(one), luminance(other)].toSorted((a, b) => b - a);
      return (light + 0.05) / (dark + 0.05);
    };
    const behind = (element: Element | null): Colour => {
      for (let at = element; at; at = at.parentElement) {
        const colour = parse(getComputedStyle(at).backgroundColor);
        if (colour[3] === 1) return colour;
      }
      return [255, 255, 255, 1];
    };
    const poor: { text: string; ratio: number }[] = [];
    const note = (text: string, ratio: number, wanted: number): void => {
      if (ratio < wanted) poor.push({ text, ratio: Math.round(ratio * 100) / 100 });
    };
    for (const element of document.querySelectorAll("body *")) {
      const style = getComputedStyle(element);
      if (!element.checkVisibility({ opacityProperty: true })) continue;
      const own = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
      const text = own.map((node) => node.textContent?.trim()).join(" ");
      const size = Number.parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (text.trim() !== "") note(text, ratioOf(parse(style.color), behind(element)), isLarge ? 3 : 4.5);
      const label = element.getAttribute("aria-label") ?? element.id;
      if (element.matches("input, select, button:not(.quiet), .bar") && style.borderTopWidth !== "0px")
        note(
          `edge of ${label || text}`,
          ratioOf(parse(style.borderTopColor), behind(element.parentElement)),
          3,
        );
      if (element.matches("input[placeholder]"))
        note(
          `placeholder of ${label}`,
          ratioOf(parse(getComputedStyle(element, "::placeholder").color), behind(element)),
          4.5,
        );
    }
    return poor;
  });
}
