package shop

import "holdfast/client"

// few is from how many units on the pages count them.
const few = 9

// stockWord says how much of something there is: the kind of its pill, and the words.
func stockWord(v *visit, available int64) (kind, words string) {
	switch {
	case available <= 0:
		return "", v.Text.T("stock.none")
	case available <= few:
		return "warn", v.Text.N("stock.few", available)
	}
	return "ok", v.Text.T("stock.plenty")
}

// stockOf says how much of a variant there is. Units that unpaid orders hold may come back.
func stockOf(v *visit, p client.Product, variant client.Variant) (kind, words string) {
	if p.Status != "" && p.Status != "listed" {
		return "", v.Text.T("stock.unlisted")
	}
	if variant.HeldByOthers {
		return "info", v.Text.T("stock.held")
	}
	return stockWord(v, variant.Available)
}

// highest is how many units the form for a variant offers at most.
func highest(p client.Product, variant client.Variant) int64 {
	most := min(variant.Available, mostUnits)
	if p.MaxPerOrder > 0 {
		most = min(most, p.MaxPerOrder)
	}
	return max(most, 1)
}
