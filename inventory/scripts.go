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
	// These two change nothing and do without the common functions.
	lookScript  = redisdb.NewScript(source("look"))
	holdsScript = redisdb.NewScript(source("holds"))
)

// script puts the common functions in front of the named script.
func script(name string) *redisdb.Script {
	return redisdb.NewScript(source("shared") + source(name))
}

func source(name string) string {
	b, err := sources.ReadFile("lua/" + name + ".lua")
	if err != nil {
		panic(err) // the file is embedded: only a misspelled name gets here
	}
	return string(b)
}

// ReserveSource is the source of the reserve script, for those who measure it
// from outside.
func ReserveSource() string { return reserveScript.Source() }
