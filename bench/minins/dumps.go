//go:build linux

package main

import (
	"context"
	"iter"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/bench/internal/contestant"
	"github.com/minins/minins/rtnl"
)

func dumpRoutes(r *contestant.Run, n int) error {
	f := rtnl.RouteFilter{Family: unix.AF_INET, Table: unix.RT_TABLE_MAIN}
	return dump(r, n, func(ctx context.Context, c *rtnl.Conn) iter.Seq2[*rtnl.Route, error] {
		return c.StreamRoutes(ctx, f)
	})
}

func dumpLinks(r *contestant.Run, n int) error {
	return dump(r, n, func(ctx context.Context, c *rtnl.Conn) iter.Seq2[*rtnl.Link, error] {
		return c.StreamLinks(ctx, rtnl.LinkFilter{})
	})
}

func dumpNeighs(r *contestant.Run, n int) error {
	f := rtnl.NeighFilter{Family: unix.AF_INET}
	return dump(r, n, func(ctx context.Context, c *rtnl.Conn) iter.Seq2[*rtnl.Neigh, error] {
		return c.StreamNeighs(ctx, f)
	})
}

// dump reads all, decoded, one after the other into one value.
func dump[T any](r *contestant.Run, n int, stream func(context.Context, *rtnl.Conn) iter.Seq2[*T, error]) error {
	ctx, c, err := dial()
	if err != nil {
		return err
	}
	defer c.Close()
	return r.Dump(n, func() (int, error) {
		found := 0
		for _, err := range stream(ctx, c) {
			if err != nil {
				return 0, err
			}
			found++
		}
		return found, nil
	})
}
