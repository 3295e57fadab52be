//go:build linux

// Package lang is the language of nft(8): rules, sets and their values, as text
// and as expressions of the kernel.
//
//	text  --parse-->  Stmt, Expr  --compile-->  nft.Rule, nft.Set
//	text  <--print--  Stmt, Expr  <-decompile-  nft.Rule, nft.Set
//
// A rule is a list of statements (stmt.go), most of which compare an expression
// (expr.go) with another. What can be compared is in tables: fields of headers
// (protocols.go), what is known of a packet (meta.go) and of its connection
// (ct.go). Each has a type (types.go), by which values are written and read
// (values.go). All four directions use the same tables. The text, and the bytes
// sent, are those of nft 1.0.6.
package lang
