import { describe, expect, test } from 'vitest';
import { formatReference, parseReference, registryOf } from '../src/reference.ts';

const digest = `@sha256:${'a'.repeat(64)}`;

describe('a reference', () => {
  test.each([
    ['shop', 'shop:latest', 'docker.io'],
    ['library/shop:1', 'library/shop:1', 'docker.io'],
    ['localhost/shop', 'localhost/shop:latest', 'localhost'],
    ['127.0.0.1:5000/a/b__c:V1.2_x', '127.0.0.1:5000/a/b__c:V1.2_x', '127.0.0.1:5000'],
    [`example.org/shop${digest}`, `example.org/shop${digest}`, 'example.org'],
    [`example.org/shop:v1${digest}`, `example.org/shop${digest}`, 'example.org'],
  ])('%s is %s', (text, formatted, registry) => {
    const reference = parseReference(text);
    expect(reference && formatReference(reference)).toBe(formatted);
    expect(reference && registryOf(reference)).toBe(registry);
  });

  test.each([
    '',
    '../containers/json',
    'a/../../containers/json',
    'a//b',
    'shop?force=1',
    'shop%2e%2e',
    'shop:v1/x',
    'Shop',
    'shop:-x',
    'shop@sha256:abc',
    `shop${digest}:v1`,
    'shop\nx',
    'shop\0',
    'a'.repeat(64),
    'x'.repeat(300),
  ])('%j is none', (text) => {
    expect(parseReference(text)).toBeNull();
  });
});
