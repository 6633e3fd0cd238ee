// Package settings declares the settings of the gateway, the workers and the tools, each
// once: its flag, its environment variable, its default and its meaning. `holdfast` and
// `holdfast-dev` embed these structs in their command lines, and docs/settings.md is
// generated from them.
//
// Besides kong's tags:
//
//   - secret: the value is secret. It is never an argument, and NAME_FILE may name a file
//     that holds it.
//   - password: a URL that may contain a password. With a password it is never an argument;
//     NAME_FILE works as well.
//   - example: a value that the programs accept, for secrets and passwords.
//   - unset: what applies where the setting isn't set, if that is not a fixed default.
//
// A default such as ${auth=jwt} can be replaced where the struct is embedded, by
// `set:"auth=off"`: holdfast-dev starts without any setting.
package settings

import (
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"holdfast/api"
	"holdfast/identity"
	"holdfast/order"
)

// Vars are the bounds and defaults that the tags refer to, from the code that defines them.
// Every parser of these structs needs them.
func Vars() kong.Vars {
	return kong.Vars{
		"payment_window":     duration(api.DefaultPaymentWindow),
		"min_payment_window": duration(api.MinPaymentWindow),
		"max_payment_window": duration(api.MaxPaymentWindow),
		"return_window":      duration(api.DefaultReturnWindow),
		"max_return_window":  duration(api.MaxReturnWindow),
		"guest_lifetime":     duration(identity.DefaultGuestLifetime),
		"max_guest_lifetime": duration(identity.MaxGuestLifetime),
		"min_session":        duration(MinSessionLifetime),
		"max_session":        duration(MaxSessionLifetime),
		"most_lines":         strconv.Itoa(order.MaxLines),
		"max_searches":       strconv.Itoa(api.DefaultMaxSearches),
		"most_searches":      strconv.Itoa(api.MostSearches),
		"min_body_bytes":     strconv.Itoa(api.MinBodyBytes),
	}
}

// duration formats a duration as people write it: 15m rather than 15m0s.
func duration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// Start bounds the wait for services that start at the same time.
type Start struct {
	Wait time.Duration `env:"HOLDFAST_WAIT" default:"60s" help:"How long to wait at startup for the services that the program needs."`
}

// MetricsListener is where a program serves its metrics and health.
type MetricsListener struct {
	MetricsAddr string `name:"metrics-addr" env:"HOLDFAST_METRICS_ADDR" placeholder:"HOST:PORT" unset:"none: the gateway then serves them at HOLDFAST_HTTP_ADDR, workers and projectors nowhere" help:"Address of a separate listener for /healthz, /readyz and /metrics, such as 127.0.0.1:9091. With it the gateway serves /metrics nowhere else."`
}

// Meaning is what a setting does, and what applies if it isn't set.
func Meaning(value *kong.Value) string {
	if unset := Unset(value); unset != "" && value.Default == "" {
		return value.Help + " Default: " + unset + "."
	}
	return value.Help
}

// Unset is what applies if a setting isn't set, unless that is a fixed default.
func Unset(value *kong.Value) string {
	return os.Expand(value.Tag.Get("unset"), func(name string) string { return Vars()[name] })
}

// Help is the --help text of a flag: its meaning, and the variable that sets it.
func Help(value *kong.Value) string {
	help := Meaning(value)
	if value.Flag != nil && len(value.Flag.Envs) > 0 {
		help = strings.TrimSuffix(help, ".") + " (" + value.Flag.Envs[0] + ")."
	}
	return help
}
