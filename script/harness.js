// What stands in the box before a script is loaded. It takes away what would make runs differ or lead out of the box, and
// returns the functions that the host calls. A script may replace every property of the built-in objects, so these
// functions use only what they captured here, and operators; no iterators, no methods.
(outputBytes, maxDepth) => {
  'use strict';
  const { parse, stringify } = JSON;
  const { freeze, keys, getPrototypeOf, prototype: plain } = Object;
  const { isArray } = Array;
  const String_ = String;
  const cut = Function.prototype.call.bind(String.prototype.slice);

  const functions = [function () {}, function* () {}, async function () {}, async function* () {}];
  for (let i = 0; i < functions.length; i++) delete getPrototypeOf(functions[i]).constructor;
  for (const name of ['eval', 'Function', 'queueMicrotask']) delete globalThis[name];
  delete Math.random;

  function freezeAll(value) {
    const names = keys(value);
    const { length } = names;
    for (let i = 0; i < length; i++) {
      const member = value[names[i]];
      if (typeof member === 'object' && member !== null) freezeAll(member);
    }
    freeze(value);
  }

  // read returns an input of execute. What a script changes by mistake must not seem to have changed.
  function read(text) {
    const value = parse(text);
    if (typeof value === 'object' && value !== null) freezeAll(value);
    return value;
  }

  // The serializer is not JSON.stringify, which writes NaN as null and a Map as {}, and calls toJSON.
  // It returns undefined after a fault.
  let fault = '';
  let path = '';
  let left = 0;

  function failed(message) {
    fault = message;
  }

  function within(key) {
    path = '/' + key + path;
  }

  function text(value, depth) {
    switch (typeof value) {
      case 'string':
        return spend(stringify(value));
      case 'number':
        if (value - value !== 0) return failed(value + ' is not a JSON number');
        return spend('' + value);
      case 'boolean':
        return spend(value ? 'true' : 'false');
      case 'object':
        if (value === null) return spend('null');
        if (depth === 0) return failed('it is nested too deeply, or contains itself');
        return isArray(value) ? list(value, depth - 1) : record(value, depth - 1);
      default:
        return failed((typeof value === 'undefined' ? '' : 'a ') + typeof value + ' is not JSON');
    }
  }

  function spend(part) {
    left -= part.length + 1;
    return left < 0 ? failed('large') : part;
  }

  function list(value, depth) {
    let out = '[';
    const { length } = value;
    for (let i = 0; i < length; i++) {
      const part = text(value[i], depth);
      if (part === undefined) return within(i);
      out += i === 0 ? part : ',' + part;
    }
    return out + ']';
  }

  function record(value, depth) {
    const prototype = getPrototypeOf(value);
    if (prototype !== plain && prototype !== null) {
      return failed('only plain objects and arrays can be returned; a promise, a Map or an instance of a class can not');
    }
    let out = '{';
    const names = keys(value);
    for (let i = 0; i < names.length; i++) {
      const member = value[names[i]];
      if (member === undefined) continue;
      const name = spend(stringify(names[i]));
      if (name === undefined) return;
      const part = text(member, depth);
      if (part === undefined) return within(names[i]);
      out += (out === '{' ? '' : ',') + name + ':' + part;
    }
    return out + '}';
  }

  // run returns the result behind "=", or behind "!" what is wrong with it.
  function run(execute, view, params) {
    const value = execute(view, params);
    left = outputBytes;
    const result = value === undefined ? 'null' : text(value, maxDepth);
    if (result !== undefined) return '=' + result;
    return fault === 'large' ? '#' : '!' + fault + (path === '' ? '' : ', at ' + cut(path, 0, 200));
  }

  function optional(value) {
    return value === undefined ? '' : String_(value);
  }

  // describe says what was thrown: its name, its message and its stack, a line each.
  function describe(thrown) {
    let name = '', message = '', stack = '';
    try {
      if (typeof thrown === 'object' && thrown !== null) {
        name = optional(thrown.name);
        message = optional(thrown.message) || 'an object without a message';
        stack = optional(thrown.stack);
      } else {
        message = String_(thrown);
      }
    } catch {
      message = message || 'something that can not be described';
    }
    return stringify(cut(name, 0, 100)) + '\n' + stringify(cut(message, 0, 2000)) + '\n' + stringify(cut(stack, 0, 4000));
  }

  return { read, run, describe };
}
