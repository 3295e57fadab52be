module github.com/minins/minins/bench

go 1.26.0

require (
	github.com/minins/minins v0.0.0
	golang.org/x/sys v0.49.0
)

replace github.com/minins/minins => ../
