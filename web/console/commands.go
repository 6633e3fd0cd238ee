package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"holdfast/client"
	"holdfast/web/site"
)

// mostPages of commands are read: a shop has at most 200 of its own.
const mostPages = 5

func commandLink(id string) string { return "/console/commands/" + url.PathEscape(id) }

func commandVersionLink(id string, version int64) string {
	return commandLink(id) + "/versions/" + strconv.FormatInt(version, 10)
}

// commandName names a version of a command, such as gift@1.
func commandName(id string, version int64) string { return id + "@" + strconv.FormatInt(version, 10) }

// allCommands reads all commands, each in its current version.
func (v *visit) allCommands() ([]client.CommandSummary, error) {
	var all []client.CommandSummary
	cursor := ""
	for range mostPages {
		page, err := v.api.Commands(v.R.Context(), 100, cursor)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	return all, nil
}

func (c *Console) commandsPage(v *visit) error {
	all, err := v.allCommands()
	if err != nil {
		return err
	}
	own := slices.DeleteFunc(slices.Clone(all), client.CommandSummary.BuiltIn)
	builtIn := slices.DeleteFunc(all, func(c client.CommandSummary) bool { return !c.BuiltIn() })
	return v.Render(http.StatusOK, commandsView(v, own, builtIn))
}

// use is a step of a published chain that runs a command.
type use struct {
	Scenario       string
	Chain, Command int64 // versions
}

// commandSheet is a version of a command as its page shows it.
type commandSheet struct {
	client.Command
	Versions client.CommandPage
	Params   []parameter
	// Uses are the published chains that run the command, in any version; Unknown means that they can't be
	// read at present.
	Uses    []use
	Unknown bool
}

func (c *Console) commandPage(v *visit) error { return c.showCommand(v, 0) }

func (c *Console) commandVersionPage(v *visit) error {
	number, err := strconv.ParseInt(v.R.PathValue("number"), 10, 64)
	if err != nil || number < 1 {
		return site.ErrNotFound
	}
	return c.showCommand(v, number)
}

// showCommand shows a version of a command, or the current one for 0.
func (c *Console) showCommand(v *visit, version int64) error {
	id := v.R.PathValue("id")
	var s commandSheet
	var usesErr error
	err := together(
		func() (err error) { s.Command, err = v.api.Command(v.R.Context(), id, version); return err },
		func() (err error) {
			s.Versions, err = v.api.CommandVersions(v.R.Context(), id, mostRows, v.R.URL.Query().Get("cursor"))
			return err
		},
		func() error { s.Uses, usesErr = v.usesOf(id); return nil },
	)
	if p := problem(err, "malformed-request"); p != nil && v.R.URL.Query().Has("cursor") {
		return v.Redirect(commandLink(id))
	}
	if err != nil {
		return err
	}
	s.Unknown = usesErr != nil
	s.Params = parametersOf(s.Command.Params)
	return v.Render(http.StatusOK, commandView(v, s))
}

// usesOf finds the published chains that run a command.
func (v *visit) usesOf(id string) ([]use, error) {
	chains, err := v.publishedChains()
	if err != nil {
		return nil, err
	}
	var all []use
	for _, chain := range chains {
		for _, step := range chain.Steps {
			if u := (use{chain.Scenario, chain.Version, step.Version}); step.Command == id && !slices.Contains(all, u) {
				all = append(all, u)
			}
		}
	}
	return all, nil
}

// behind reports whether a published chain runs an older version than the current one.
func (s commandSheet) behind() bool {
	current := s.current()
	return slices.ContainsFunc(s.Uses, func(u use) bool { return u.Command < current })
}

// current is the number of the current version, as far as the page knows.
func (s commandSheet) current() int64 {
	if len(s.Versions.Items) > 0 {
		return max(s.Version, s.Versions.Items[0].Version)
	}
	return s.Version
}

// parameter is one parameter of a command, as its schema describes it.
type parameter struct {
	Name, Type, Description string
	Required                bool
}

// parametersOf reads the parameters of a JSON schema that a page can show as a table. What it doesn't
// understand is left to the schema itself, which is shown beside it.
func parametersOf(schema json.RawMessage) []parameter {
	var s struct {
		Properties map[string]struct {
			Type        any    `json:"type"`
			Description string `json:"description"`
			Enum        []any  `json:"enum"`
			Minimum     *json.Number
			Maximum     *json.Number
		} `json:"properties"`
		Required []string `json:"required"`
	}
	if json.Unmarshal(schema, &s) != nil {
		return nil
	}
	var all []parameter
	for name, property := range s.Properties {
		p := parameter{Name: name, Description: property.Description, Required: slices.Contains(s.Required, name)}
		p.Type, _ = property.Type.(string)
		if len(property.Enum) > 0 {
			words := make([]string, len(property.Enum))
			for i, one := range property.Enum {
				word, _ := json.Marshal(one) // it was JSON
				words[i] = string(word)
			}
			p.Type = strings.Join(words, ", ")
		}
		if property.Minimum != nil {
			p.Type += " ≥ " + property.Minimum.String()
		}
		if property.Maximum != nil {
			p.Type += " ≤ " + property.Maximum.String()
		}
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b parameter) int {
		if a.Required != b.Required {
			if a.Required {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return all
}

// skeletonOf are the parameters that a command requires, with values to be replaced.
func skeletonOf(schema json.RawMessage) string {
	var lines []string
	for _, p := range parametersOf(schema) {
		if !p.Required {
			continue
		}
		value := `""`
		switch kind, _, _ := strings.Cut(p.Type, " "); kind {
		case "integer", "number":
			value = "1"
		case "boolean":
			value = "false"
		case "array":
			value = "[]"
		case "object":
			value = "{}"
		}
		name, _ := json.Marshal(p.Name) // a text
		lines = append(lines, "  "+string(name)+": "+value)
	}
	if len(lines) == 0 {
		return ""
	}
	return "{\n" + strings.Join(lines, ",\n") + "\n}"
}
