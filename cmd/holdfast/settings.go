package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.temporal.io/sdk/contrib/envconfig"

	"holdfast/settings"
)

// settingsCommand lists the settings of a command. Deployments are checked against it, and
// docs/settings.md is its output for all commands.
type settingsCommand struct {
	Command  string `arg:"" optional:"" help:"The command, such as api or worker."`
	JSON     bool   `name:"json" help:"Print the list as JSON."`
	Markdown bool   `name:"markdown" help:"Print the reference of all commands, docs/settings.md."`
}

// setting is a variable that a command reads.
type setting struct {
	Name    string `json:"name"`
	Default string `json:"default,omitempty"`
	// File names the variable that may name a file instead, if the setting is a secret.
	File string `json:"file,omitempty"`
	// Example is a value that the command accepts, if the setting is a secret.
	Example string `json:"example,omitempty"`
	Help    string `json:"help,omitempty"`
}

// Run prints a line per setting.
func (c *settingsCommand) Run(parser *kong.Kong, out out) error {
	switch {
	case c.Markdown:
		return writeReference(out, parser.Model.Node)
	case c.Command == "":
		return usagef("name a command, such as api or worker")
	}
	node := parser.Model.Node
	for name := range strings.FieldsSeq(c.Command) {
		at := slices.IndexFunc(node.Children, func(n *kong.Node) bool { return n.Name == name })
		if at < 0 {
			return usagef("holdfast has no command %q", c.Command)
		}
		node = node.Children[at]
	}
	all := settingsOf(node)
	if c.JSON {
		return json.NewEncoder(out.stdout).Encode(all)
	}
	for _, s := range all {
		names := s.Name
		if s.File != "" {
			names += " or " + s.File
		}
		if _, err := fmt.Fprintf(out.stdout, "%s\n    %s\n", names, s.Help); err != nil {
			return err
		}
	}
	return nil
}

// settingsOf lists a command's own settings, and Temporal's if it connects to Temporal.
func settingsOf(node *kong.Node) []setting {
	var all []setting
	for _, flag := range node.Flags {
		if len(flag.Envs) == 0 {
			continue
		}
		s := setting{Name: flag.Envs[0], Default: flag.Default, Help: settings.Meaning(flag.Value)}
		if secretOf(flag) != "" {
			s.File, s.Example = s.Name+fileSuffix, flag.Tag.Get("example")
		}
		all = append(all, s)
	}
	if connectsToTemporal(node) {
		for _, name := range temporalSettings() {
			all = append(all, setting{Name: name, Help: "Read by Temporal's client."})
		}
	}
	return all
}

// connectsToTemporal reports whether a command has temporalFlags.
func connectsToTemporal(node *kong.Node) bool {
	_, connects := node.Target.Type().FieldByName(reflect.TypeFor[temporalFlags]().Name())
	return connects
}

// asked records which variables Temporal's client reads.
type asked map[string]bool

// LookupEnv implements envconfig.EnvLookup.
func (a asked) LookupEnv(name string) (string, bool) {
	a[name] = true
	return "", false
}

// Environ implements envconfig.EnvLookup.
func (asked) Environ() []string { return nil }

// temporalSettings are the variables of Temporal's client, as its library reads them.
func temporalSettings() []string {
	names := asked{}
	// An empty settings file, so that this machine's own can't end the lookup early; the
	// variables that would name the file are looked up separately.
	_, _ = envconfig.LoadClientConfigProfile(envconfig.LoadClientConfigProfileOptions{
		ConfigFilePath: os.DevNull, EnvLookup: names,
	})
	_, _ = envconfig.LoadClientConfig(envconfig.LoadClientConfigOptions{EnvLookup: names})
	return slices.Sorted(maps.Keys(names))
}
