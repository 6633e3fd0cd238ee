package inventory

import (
	"embed"

	"holdfast/redisdb"
)

//go:embed lua/*.lua
var sources embed.FS

var (
	putScript     = script("put")
	adjustScript  = script("adjust")
	listScript    = script("list")
	delistScript  = script("delist")
	reserveScript = script("reserve")
	commitScript  = script("commit")
	releaseScript = script("release")
	restockScript = script("restock")
	closeScript   = script("close")
	takeScript    = script("take")

	rememberScript = script("remember")
	recountScript  = redisdb.Embedded(sources, "recount")

	// It changes nothing and doesn't need the shared functions.
	lookScript = redisdb.Embedded(sources, "look")
)

// script puts the shared functions in front of the named script.
func script(name string) *redisdb.Script { return redisdb.Entity(sources, "shared", name) }

// ReserveSource is the source of the reserve script, for benchmarks.
func ReserveSource() string { return reserveScript.Source() }
