import { expect, test } from "vitest";
import { apiDocument } from "./api-document.ts";
import { withoutTwinSchemas } from "./twin-schemas.ts";

const text = JSON.stringify(await apiDocument());
const document = JSON.parse(text) as {
  paths: Record<string, Record<string, { parameters?: object[]; responses: Record<string, object> }>>;
  components: Record<string, Record<string, object>>;
};

function reference(name: string): { readonly $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

test("what several operations have the same is written once", () => {
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  const problems = operations.flatMap(({ responses }) =>
    Object.entries(responses)
      .filter(([, response]) => JSON.stringify(response).includes("problem+json"))
      .map(([status, response]) => status + JSON.stringify(response)),
  );
  const parameters = operations.flatMap(({ parameters = [] }) =>
    parameters.filter((parameter) => "name" in parameter).map((parameter) => JSON.stringify(parameter)),
  );
  for (const parts of [problems, parameters]) {
    expect(parts.length).toBeGreaterThan(0);
    expect(parts).toEqual([...new Set(parts)]);
  }
});

test("nothing refers to what is not there, and nothing is there that nothing refers to", () => {
  const referred = [...text.matchAll(/"\$ref":"#\/components\/(\w+\/[\w-]+)"/g)].map(([, name]) => name);
  const { securitySchemes: _, ...components } = document.components;
  const there = Object.entries(components).flatMap(([kind, parts]) =>
    Object.keys(parts).map((name) => `${kind}/${name}`),
  );
  expect([...new Set(referred)].toSorted()).toEqual(there.toSorted());
});

test("a schema has a form of its own for what is sent only where that differs, or what is in it does", () => {
  const schemas = {
    Colour: { title: "colour" },
    ColourInput: { title: "colour" },
    Paint: { properties: { colour: reference("Colour") } },
    PaintInput: { properties: { colour: reference("ColourInput") } },
    Size: { required: ["width"] },
    SizeInput: {},
    Room: { properties: { size: reference("Size"), paint: reference("Paint") } },
    RoomInput: { properties: { size: reference("SizeInput"), paint: reference("PaintInput") } },
    House: { properties: { rooms: reference("Room") } },
    HouseInput: { properties: { rooms: reference("RoomInput") } },
  };
  const { House, HouseInput, Room, Size, SizeInput, Colour, Paint } = schemas;
  expect(withoutTwinSchemas({ openapi: "3.1.0", components: { schemas } })).toEqual({
    openapi: "3.1.0",
    components: {
      schemas: {
        Colour,
        Paint,
        Size,
        SizeInput,
        Room,
        RoomInput: { properties: { size: reference("SizeInput"), paint: reference("Paint") } },
        House,
        HouseInput,
      },
    },
  });
});
