//go:build linux

package rootless_test

func filtered() int { return 0 }
