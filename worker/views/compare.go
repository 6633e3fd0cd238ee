package views

import (
	"context"

	"holdfast/audit"
	"holdfast/saga"
	"holdfast/search"
)

// keepFindings bounds the result of a comparison, which Temporal stores.
const keepFindings = 1000

// Compare compares the views with their entities, for activities.Compare.
func (k *Keeper) Compare(ctx context.Context, p saga.CompareParams, progress func(saga.RebuildProgress)) (saga.CompareResult, error) {
	if k.config.Index == nil {
		return saga.CompareResult{}, errNoIndex
	}
	var at saga.RebuildProgress
	report, err := audit.Views(ctx, audit.ViewsConfig{
		Index: k.config.Index, Entities: NewEntities(k.config.Redis), Looks: p.Looks,
		Progress: func(what string, n int) {
			if at.Stage != what {
				at = saga.RebuildProgress{Stage: what}
			}
			at.Done += int64(n)
			progress(at)
		},
	})
	if err != nil {
		return saga.CompareResult{}, search.WithCause(err) // an operator started it
	}
	res := saga.CompareResult{
		Products: report.Products, Orders: report.Orders, Cold: report.Cold, Suspects: report.Suspects,
		Found: len(report.Findings), Kinds: map[string]int{}, Seconds: report.Seconds,
	}
	for _, f := range report.Findings {
		res.Kinds[string(f.Kind)]++
	}
	for _, f := range report.Findings[:min(len(report.Findings), keepFindings)] {
		res.Findings = append(res.Findings, saga.ViewFinding{Kind: string(f.Kind), View: string(f.View), ID: f.ID, Detail: f.Detail})
	}
	return res, nil
}
