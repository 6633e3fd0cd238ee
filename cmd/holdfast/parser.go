package main

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"holdfast/settings"
)

// Tags of settings that are secret, or that may contain a secret. Every user of a machine
// can read the command lines of its processes, so these come from the environment, or from
// the file that NAME_FILE names, as container engines pass secrets.
const (
	// secretTag means that the whole value is secret.
	secretTag = "secret"
	// passwordTag means a URL that may contain a password.
	passwordTag = "password"
	// fileSuffix of the variable that names the file.
	fileSuffix = "_FILE"
)

// newParser reads command lines into cli.
func newParser(cli any, out out) (*kong.Kong, error) {
	parser, err := kong.New(cli,
		kong.Name("holdfast"),
		kong.Description("Takes orders and never oversells."),
		kong.Writers(out.stdout, out.stderr),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Help(helpWithSecrets),
		kong.ValueFormatter(settings.Help),
		settings.Vars(),
		kong.Vars{"commandFileHelp": commandFileHelp, "scenarioHelp": scenarioHelp},
		kong.Resolvers(kong.ResolverFunc(fromFile)),
		kong.Exit(func(code int) { panic(exited(code)) }), // after --help
	)
	if err != nil {
		return nil, err
	}
	err = kong.Visit(parser.Model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			forgetEmpty(flag)
			flag.Hidden = flag.Hidden || flag.Tag.Has(secretTag)
		}
		return next(nil)
	})
	return parser, err
}

// forgetEmpty treats an empty variable as one that isn't set: settings files, such as .env,
// have lines without a value.
func forgetEmpty(flag *kong.Flag) {
	for _, name := range flag.Tag.Envs {
		if os.Getenv(name) != "" {
			return
		}
	}
	flag.Tag.Envs = nil
}

// secretOf is the variable that a secret comes from, empty if the flag has none.
func secretOf(flag *kong.Flag) string {
	if (flag.Tag.Has(secretTag) || flag.Tag.Has(passwordTag)) && len(flag.Envs) > 0 {
		return flag.Envs[0]
	}
	return ""
}

// fromFile is a kong resolver that reads a secret from the file that NAME_FILE names.
func fromFile(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	name := secretOf(flag)
	if name == "" {
		return nil, nil //nolint:nilnil // no secret, no file
	}
	file := os.Getenv(name + fileSuffix)
	switch {
	case file == "":
		return nil, nil //nolint:nilnil // none is named
	case os.Getenv(name) != "":
		return nil, fmt.Errorf("%s and %s are both set: set one of them", name, name+fileSuffix)
	}
	text, err := readSecret(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name+fileSuffix, err)
	}
	secret := strings.TrimRight(string(text), "\r\n")
	if secret == "" {
		return nil, fmt.Errorf("%s: %s is empty", name+fileSuffix, file)
	}
	return secret, nil
}

// readSecret reads a whole file of at most 64 KiB: anything longer isn't a secret, and may
// never end.
func readSecret(file string) ([]byte, error) {
	const most = 64 << 10
	f, err := os.Open(file) //nolint:gosec // the operator named it
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read from
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && len(text) > most {
		err = fmt.Errorf("%s has more than %d bytes", file, most)
	}
	return text, err
}

// refuseSecretArguments reports a secret on the command line, but never its value.
func refuseSecretArguments(parsed *kong.Context) error {
	for _, given := range parsed.Path {
		if given.Flag == nil || given.Resolved {
			continue
		}
		name := secretOf(given.Flag)
		if name == "" || (given.Flag.Tag.Has(passwordTag) && !hasPassword(parsed.FlagValue(given.Flag))) {
			continue
		}
		return usagef("--%s: every user of this machine could read the secret on the command line: set %s, or %s to the name of a file",
			given.Flag.Name, name, name+fileSuffix)
	}
	return nil
}

// hasPassword reports whether one of several URLs, separated by commas, contains a
// password.
func hasPassword(urls any) bool {
	text, _ := urls.(string)
	for part := range strings.SplitSeq(text, ",") {
		u, err := url.Parse(strings.TrimSpace(part))
		if err != nil {
			return strings.Contains(part, "@") // it will be refused, without being shown
		}
		if _, has := u.User.Password(); has || u.Query().Has("password") {
			return true
		}
	}
	return false
}

// helpWithSecrets is kong's help and a list of what comes only from the environment.
func helpWithSecrets(options kong.HelpOptions, parsed *kong.Context) error {
	if err := kong.DefaultHelpPrinter(options, parsed); err != nil || parsed.Selected() == nil {
		return err
	}
	var lines strings.Builder
	for _, group := range parsed.Selected().AllFlags(false) {
		for _, flag := range group {
			if flag.Tag.Has(secretTag) {
				fmt.Fprintf(&lines, "  %s\n      %s\n", secretOf(flag), flag.Help)
			}
		}
	}
	if lines.Len() == 0 {
		return nil
	}
	_, err := fmt.Fprintf(parsed.Stdout, "\nOnly from the environment; NAME%s may name a file instead:\n%s", fileSuffix, lines.String())
	return err
}
