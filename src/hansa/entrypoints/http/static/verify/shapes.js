// Shapes of values: each is a function that returns the value with what was left out filled in, or throws Misfit.
// Texts are counted in Unicode code points. A boolean is no integer, null is nothing but null.

export class Misfit extends Error {}

const CONTENT_ID = /^[0-9a-f]{64}$/;
const MAX_SAFE = Number.MAX_SAFE_INTEGER;

export function text(least, most) {
  return (value) => {
    if (typeof value !== "string") throw new Misfit("not a text");
    if (value.length < least || value.length > 2 * most) throw new Misfit("a text of the wrong length");
    const length = value.length > most || least > 1 ? [...value].length : value.length;
    if (length < least || length > most) throw new Misfit("a text of the wrong length");
    return value;
  };
}

export function integer(least, most = MAX_SAFE) {
  return (value) => {
    if (!Number.isSafeInteger(value) || value < least || value > most) throw new Misfit("not an integer of the range");
    return value;
  };
}

export function truth(value) {
  if (typeof value !== "boolean") throw new Misfit("neither true nor false");
  return value;
}

export function contentIdText(value) {
  if (typeof value !== "string" || !CONTENT_ID.test(value)) throw new Misfit("not a content id");
  return value;
}

export function either(first, second) {
  return (value) => {
    try {
      return first(value);
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      return second(value);
    }
  };
}

export function word(...words) {
  return (value) => {
    if (!words.includes(value)) throw new Misfit(`not one of ${words.join(", ")}`);
    return value;
  };
}

export function list(item, least, most) {
  return (value) => {
    if (!Array.isArray(value) || value.length < least || value.length > most) throw new Misfit("not a list of that length");
    return value.map(item);
  };
}

export function object(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Misfit("not an object");
  return value;
}

/** A field that may be left out. */
export function optional(shape, otherwise) {
  return { shape, otherwise };
}

/** An object with these fields and no others. */
export function record(fields) {
  return (value) => {
    const unknown = Object.keys(object(value)).find((name) => !Object.hasOwn(fields, name));
    if (unknown !== undefined) throw new Misfit(`an unknown field ${unknown}`);
    const filled = {};
    for (const [name, field] of Object.entries(fields)) {
      const shape = field.shape ?? field;
      if (Object.hasOwn(value, name)) filled[name] = shape(value[name]);
      else if (field.shape) filled[name] = field.otherwise;
      else throw new Misfit(`no ${name}`);
    }
    return filled;
  };
}
