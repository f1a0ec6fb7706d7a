import { describe, expect, test } from 'vitest';
import { namedFrontends } from '../src/dockerfile.ts';

describe('the frontends that a Dockerfile names', () => {
  test.each([
    ['# syntax=evil/x\nFROM scratch', ['evil/x']],
    ['#syntax = evil/x \r\nFROM scratch', ['evil/x']],
    ['\uFEFF# SYNTAX=evil/x\nFROM scratch', ['evil/x']],
    ['# escape=`\n# syntax=evil/x\nFROM scratch', ['evil/x']],
    ['\n# a comment\n# syntax=evil/x\nFROM scratch', ['evil/x']],
    ['#!/usr/bin/env x\n// syntax=evil/x\nFROM scratch', ['evil/x']],
    ['// syntax=evil/x\n{}', ['evil/x']],
    ['{ "syntax": "evil/x" }', ['evil/x']],
    ['# syntax=one/x\n# syntax=two/x\nFROM scratch', ['one/x', 'two/x']],
    ['FROM scratch\n# syntax=evil/x', []],
    ['# about the syntax of this\nFROM scratch', []],
    ['FROM scratch\nLABEL a={"syntax":"x"}', []],
    ['', []],
  ])('%j', (dockerfile, named) => {
    expect(namedFrontends(dockerfile)).toEqual(named);
  });

  test('are found in no time among a megabyte of spaces', () => {
    const [name = ''] = namedFrontends(`# syntax=evil/x${' '.repeat(1_000_000)}y\nFROM scratch`);
    expect(name.startsWith('evil/x')).toBe(true);
  });
});
