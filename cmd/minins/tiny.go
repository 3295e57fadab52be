//go:build linux && tiny

package main

import "github.com/minins/minins/cmd/minins/applet"

func moreTools() []applet.Applet { return nil }
func moreOwn() []applet.Applet   { return nil }
