package console

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"holdfast/client"
	"holdfast/web/site"
)

// mostVersions of a chain are listed beside it.
const mostVersions = 10

func scenarioLink(name string) string { return "/console/scenarios/" + url.PathEscape(name) }

// scenarioName is what people call a scenario. One that the pages don't know yet is its own name.
func scenarioName(v *visit, name string) string {
	return v.Text.Or("console.scenario."+name+".name", "console.scenario.other", "name", name)
}

// beforePayment reports whether the commands of a scenario may refuse the order.
func beforePayment(scenario string) bool { return scenario == "submit" || scenario == "price" }

// publishedChains reads the current chain of each scenario that has one.
func (v *visit) publishedChains() ([]client.Chain, error) {
	scenarios, err := v.api.Scenarios(v.R.Context())
	if err != nil {
		return nil, err
	}
	return v.chainsOf(scenarios)
}

func (v *visit) chainsOf(scenarios []client.Scenario) ([]client.Chain, error) {
	chains := make([]client.Chain, len(scenarios))
	var reads []func() error
	for i, s := range scenarios {
		chains[i].Scenario = s.Name
		if s.Version > 0 {
			reads = append(reads, func() (err error) {
				chains[i], err = v.api.Chain(v.R.Context(), s.Name, s.Version)
				return err
			})
		}
	}
	return chains, together(reads...)
}

func (c *Console) scenariosPage(v *visit) error {
	scenarios, err := v.api.Scenarios(v.R.Context())
	if err != nil {
		return err
	}
	chains, err := v.chainsOf(scenarios)
	if err != nil {
		return err
	}
	return v.Render(http.StatusOK, scenariosView(v, chains))
}

// board is a scenario's chain as its page shows it.
type board struct {
	sheet    // for its forms
	Scenario client.Scenario
	// Current is the published chain; nil if there is none.
	Current *client.Chain
	// Draft is what is being edited; nil if none was saved. Steps are its steps, or else the published ones.
	Draft *client.ChainDraft
	Steps []client.ChainStep
	// Commands are those that a step may name.
	Commands []client.CommandSummary
	Versions client.ChainPage
	// Adding is the command that a step is being added for.
	Adding *client.Command
	// Failures are why the draft can't be published.
	Failures []client.ScriptFailure
	// Trial is what the chain would do to what it was tried on.
	Trial *client.ChainTrial
}

// tag of the draft that the page shows, empty if there is none.
func (b board) tag() string {
	if b.Draft == nil {
		return ""
	}
	return b.Draft.ETag
}

// differs reports whether the draft isn't what is published.
func (b board) differs() bool {
	if b.Draft == nil {
		return false
	}
	var published []client.ChainStep
	if b.Current != nil {
		published = b.Current.Steps
	}
	return !slices.EqualFunc(b.Draft.Steps, published, sameStep)
}

func sameStep(a, b client.ChainStep) bool {
	return a.Command == b.Command && a.Version == b.Version && a.When == b.When && a.OnError == b.OnError &&
		indented(a.Params) == indented(b.Params)
}

// newest is the current version of a command, 0 if it isn't known.
func (b board) newest(command string) int64 {
	for _, c := range b.Commands {
		if c.ID == command {
			return c.Version
		}
	}
	return 0
}

func (c *Console) scenarioPage(v *visit) error {
	return c.showScenario(v, board{sheet: sheet{Open: v.R.URL.Query().Get("open")}}, http.StatusOK)
}

// showScenario reads what the page needs beside what b has already.
func (c *Console) showScenario(v *visit, b board, status int) error {
	name := v.R.PathValue("scenario")
	scenarios, err := v.api.Scenarios(v.R.Context())
	if err != nil {
		return err
	}
	i := slices.IndexFunc(scenarios, func(s client.Scenario) bool { return s.Name == name })
	if i < 0 {
		return site.ErrNotFound
	}
	b.Scenario, b.Now = scenarios[i], v.Now()
	if err := v.readBoard(&b); err != nil {
		return err
	}
	switch {
	case b.Draft != nil:
		b.Steps = b.Draft.Steps
	case b.Current != nil:
		b.Steps = b.Current.Steps
	}
	return v.Render(status, scenarioView(v, b))
}

func (v *visit) readBoard(b *board) error {
	ctx, name := v.R.Context(), b.Scenario.Name
	adding := v.R.FormValue("add")
	return together(
		func() (err error) { b.Draft, err = v.draftOf(name); return err },
		func() error {
			if b.Scenario.Version == 0 {
				return nil
			}
			chain, err := v.api.Chain(ctx, name, b.Scenario.Version)
			b.Current = &chain
			return err
		},
		func() (err error) { b.Commands, err = v.allCommands(); return err },
		func() (err error) {
			b.Versions, err = v.api.ChainVersions(ctx, name, mostVersions, v.R.URL.Query().Get("cursor"))
			return err
		},
		func() error {
			if adding == "" {
				return nil
			}
			found, err := v.api.Command(ctx, adding, 0)
			if problem(err, "unknown-command") != nil {
				return nil // the list to choose from is shown again
			}
			b.Adding = &found
			return err
		},
	)
}

// draftOf reads a scenario's draft, nil if none was saved.
func (v *visit) draftOf(scenario string) (*client.ChainDraft, error) {
	d, err := v.api.Draft(v.R.Context(), scenario)
	if problem(err, "unknown-draft") != nil {
		return nil, nil //nolint:nilnil // there is none
	}
	if err != nil {
		return nil, err
	}
	return &d, nil
}

// chainVersionPage shows an earlier version of a chain, which can be published again.
func (c *Console) chainVersionPage(v *visit) error {
	number, err := strconv.ParseInt(v.R.PathValue("number"), 10, 64)
	if err != nil || number < 1 {
		return site.ErrNotFound
	}
	return c.showChainVersion(v, number, "", nil, http.StatusOK)
}

func (c *Console) showChainVersion(v *visit, number int64, why string, failures []client.ScriptFailure, status int) error {
	name := v.R.PathValue("scenario")
	var chain client.Chain
	var scenarios []client.Scenario
	err := together(
		func() (err error) { chain, err = v.api.Chain(v.R.Context(), name, number); return err },
		func() (err error) { scenarios, err = v.api.Scenarios(v.R.Context()); return err },
	)
	if err != nil {
		return err
	}
	current := slices.ContainsFunc(scenarios, func(s client.Scenario) bool { return s.Name == name && s.Version == number })
	return v.Render(status, chainVersionView(v, chain, current, why, failures))
}

// rollback publishes an earlier version's steps again.
func (c *Console) rollback(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return err
	}
	name := v.R.PathValue("scenario")
	number, err := strconv.ParseInt(v.R.PathValue("number"), 10, 64)
	if err != nil || number < 1 {
		return site.ErrNotFound
	}
	version, _, err := v.api.RollbackChain(v.R.Context(), name, number)
	if err != nil {
		why := v.refusal(err)
		if why == "" {
			return err
		}
		return c.showChainVersion(v, number, why, problem(err).Failures, http.StatusUnprocessableEntity)
	}
	v.Say("ok", "console.done.rollback", "n", strconv.FormatInt(version, 10), "old", strconv.FormatInt(number, 10))
	return v.Redirect(scenarioLink(name))
}

// compactJSON is a document on one line.
func compactJSON(document json.RawMessage) string {
	var out bytes.Buffer
	if err := json.Compact(&out, document); err != nil {
		return string(document)
	}
	return out.String()
}

// paramsText are a step's parameters as a form has them.
func paramsText(params json.RawMessage) string {
	if len(params) == 0 {
		return ""
	}
	return indented(params)
}
