//go:build linux

package main

import (
	"testing"

	"github.com/minins/minins/internal/testns"
)

func TestMain(m *testing.M) { testns.Main(m) }
