package command

import (
	"context"
	"errors"
	"time"

	"holdfast/order"
)

// Trial is what a chain would do to an order.
type Trial struct {
	Scenario order.Scenario `json:"scenario"`
	// Version of the chain, 0 for steps that aren't published.
	Version int64 `json:"version,omitempty"`
	// Runs are the commands whose conditions were met, in their order.
	Runs []Ran `json:"runs"`
	// Rejection is why the order would be refused.
	Rejection *TrialRejection `json:"rejection,omitempty"`
	// Changes are at most order.MaxFieldChanges of the changed fields; Changed counts all.
	Changes     []order.FieldChange `json:"changes"`
	Changed     int                 `json:"changed"`
	Adjustments []TrialAdjustment   `json:"adjustments,omitempty"`
	Notes       []order.Note        `json:"notes,omitempty"`
	Review      *order.Review       `json:"review,omitempty"`
}

// Ran is one run of a command.
type Ran struct {
	Command string  `json:"command"`
	Version int64   `json:"version"`
	Outcome Outcome `json:"outcome"`
}

// TrialRejection is a Rejection as staff see it.
type TrialRejection struct {
	Command string `json:"command"`
	Version int64  `json:"version"`
	// Step of the chain, from 0.
	Step    int    `json:"step"`
	Reason  string `json:"reason,omitempty"`
	Failure string `json:"failure,omitempty"`
}

// TrialAdjustment is what a command would take off a line, or off the order.
type TrialAdjustment struct {
	Command string `json:"command"`
	Version int64  `json:"version"`
	LineID  string `json:"lineId,omitempty"`
	Amount  int64  `json:"amount"`
}

// Try runs the chain on a view and returns what it would do. Nothing is kept. Its error wraps
// ErrUnavailable.
func (p *Prepared) Try(ctx context.Context, v View, at time.Time) (Trial, error) {
	if v.Time == "" {
		v.Time = at.Format(time.RFC3339Nano)
	}
	t := Trial{Scenario: p.Chain.Scenario, Version: p.Chain.Version, Runs: []Ran{}, Changes: []order.FieldChange{}}
	d := Draft{View: v, At: at}
	err := p.Run(ctx, &d, func(r Ref, o Outcome) {
		t.Runs = append(t.Runs, Ran{Command: r.ID, Version: r.Version, Outcome: o})
	})
	why, rejected := errors.AsType[*Rejection](err)
	if err != nil && !rejected {
		return Trial{}, err
	}
	if rejected {
		t.Rejection = &TrialRejection{
			Command: why.By.ID, Version: why.By.Version, Step: why.Step, Reason: why.Reason, Failure: why.Failure,
		}
	}
	t.Changes, t.Changed = append(t.Changes, d.Made.Changes...), d.Made.Changed
	t.Notes, t.Review = d.Made.Notes, d.Made.Review
	for _, a := range d.Adjustments {
		t.Adjustments = append(t.Adjustments, TrialAdjustment{Command: a.By.ID, Version: a.By.Version, LineID: a.Line, Amount: a.Amount})
	}
	return t, nil
}
