/** The addresses of an IPv4 subnet that a container may have: not the network's, the gateway's or the broadcast's. */
export const hostsOf = (subnet: string): Readonly<{ count: number; at: (index: number) => string }> => {
  const parts = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(subnet)?.slice(1).map(Number);
  const [a = 0, b = 0, c = 0, d = 0, bits = 32] = parts ?? [];
  const size = 2 ** (32 - bits);
  const base = Math.floor((a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d) / size) * size;
  // Docker gives the first address to its gateway.
  const first = base + 2;
  return { count: Math.max(0, size - 3), at: (index) => dotted(first + index) };
};

const dotted = (address: number): string =>
  [2 ** 24, 2 ** 16, 2 ** 8, 1].map((place) => Math.floor(address / place) % 256).join('.');
