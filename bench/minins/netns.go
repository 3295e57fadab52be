//go:build linux

package main

import (
	"slices"

	"github.com/minins/minins/bench/internal/contestant"
	"github.com/minins/minins/nsfs"
)

// namespaces makes n namespaces in a pool, with lo up, and lets all go.
func namespaces(r *contestant.Run, n int) error {
	var pool nsfs.Pool
	names := contestant.Names("n", n)
	if err := r.Phase("create", n, func() error {
		return pool.CreateEach(slices.Values(names), func(*nsfs.NS) error { return nsfs.RaiseLo() })
	}); err != nil {
		return err
	}
	first, err := pool.Path(names[0])
	if err != nil {
		return err
	}
	last, err := pool.Path(names[n-1])
	if err != nil {
		return err
	}
	witness, err := contestant.Witness(first, last)
	if err != nil {
		return err
	}
	m, err := r.Start()
	if err != nil {
		return err
	}
	if err := pool.Close(); err != nil {
		return err
	}
	if err := m.End("release", n); err != nil {
		return err
	}
	if err := contestant.WaitGone(witness...); err != nil {
		return err
	}
	return m.End("gone", n)
}
