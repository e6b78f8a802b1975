export const imageCount = 6;

export function imageName(number: number): string {
  return `kill/image-${number}:1`;
}
