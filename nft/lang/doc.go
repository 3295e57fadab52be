//go:build linux

// Package lang is the language of nft(8): rules, sets and their values, as text
// and as expressions of the kernel.
//
//	text  --parse-->  Stmt, Expr  --compile-->  nft.Rule, nft.Set
//	text  <--print--  Stmt, Expr  <-decompile-  nft.Rule, nft.Set
//
// A rule is a list of statements, most of which compare an expression with another
// (both are in expr.go). What can be compared is in tables: fields of headers
// (protocols.go), keys of meta and ct (selectors.go), of fib, rt, socket and options
// (other.go). Each has a type (types.go), by which values are written and read
// (values.go). All four directions use the same tables. The text, and the bytes
// sent, are those of nft 1.0.6.
//
// A text is made into commands (command.go, and a file for those of each kind); a
// ruleset is listed as text (list.go, print.go) or as JSON (json.go, json_rule.go).
// A [Monitor] writes what changes (event.go), and what packets meet (trace.go).
package lang
