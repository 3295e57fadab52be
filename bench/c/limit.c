// limit WORKLOAD N: what the kernel can do at best, without a library.
//
// Messages are encoded beforehand and sent many at a time, with one ACK; each
// phase of the workload prints PHASE OPS WALL_NS CPU_NS. It is to be started as
// root in network and mount namespaces of its own, which it leaves full.
#include "limit.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	void (*run)(int n);
	int max; // of N
} workloads[] = {
	{ "routes4", routes4, 1 << 20 },
	{ "routes6", routes6, 1 << 20 },
	{ "nexthop", nexthop, 1 << 20 },
	{ "veth", veth, 100000 },
	{ "vethns", vethns, 100000 },
	{ "bridge", bridge, 1000 },
	{ "netns", netns, 100000 },
	{ "container", container, 1000 },
	{ "prepare-routes", prepare_routes, 1 << 20 },
	{ "prepare-links", prepare_links, 200000 },
	{ "prepare-neighs", prepare_neighs, 1 << 16 },
	{ "dumproutes", dumproutes, 1 << 20 },
	{ "dumplinks", dumplinks, 200000 },
	{ "dumpneighs", dumpneighs, 1 << 16 },
	{ "nftrules", nftrules, 1 << 20 },
	{ "nftmap", nftmap, 1 << 16 },
	{ "nftset", nftset, 1 << 20 },
};

static long long wall_start, cpu_start;

void begin(void)
{
	cpu_start = cpu();
	wall_start = now();
}

void end(const char *phase, long ops)
{
	long long wall = now() - wall_start;

	printf("%s %ld %lld %lld\n", phase, ops, wall, cpu() - cpu_start);
}

static int compare(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return (x > y) - (x < y);
}

void end_each(const char *phase, long ops, long long ns[])
{
	long long wall = now() - wall_start, used = cpu() - cpu_start;

	qsort(ns, ops, sizeof *ns, compare);
	printf("%s %ld %lld %lld p50_ns=%lld p99_ns=%lld\n", phase, ops, wall, used, ns[ops / 2], ns[ops * 99 / 100]);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		errx(1, "usage: limit WORKLOAD N");
	for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++) {
		char *rest;
		long n = strtol(argv[2], &rest, 10);

		if (strcmp(argv[1], workloads[i].name) != 0)
			continue;
		if (*rest || n < 1 || n > workloads[i].max)
			errx(1, "N is 1 to %d", workloads[i].max);
		workloads[i].run(n);
		return 0;
	}
	return 3;
}
