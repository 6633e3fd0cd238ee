package saga

// RebuildParams name the view.
type RebuildParams struct {
	View string `json:"view"`
	// Unasked: no operator asked for it. Then it gives up nothing that a backup may have.
	Unasked bool `json:"unasked,omitempty"`
}

// RebuildProgress is how far a walk over a view is. The details of its heartbeats.
type RebuildProgress struct {
	Stage string `json:"stage"`
	Done  int64  `json:"done"`
	Total int64  `json:"total,omitempty"` // 0 where it isn't known
}

// RebuildResult is what a rebuild did.
type RebuildResult struct {
	View string `json:"view"`
	// Documents in the new view, by where they came from.
	FromHomes     int64 `json:"fromHomes"`
	FromOldView   int64 `json:"fromOldView,omitempty"`
	FromWorkflows int64 `json:"fromWorkflows,omitempty"`
	// Changed documents that were brought in meanwhile.
	Changed int64 `json:"changed,omitempty"`
	// Poisoned documents can't be taken; PoisonedFirst says of some of them why.
	Poisoned      int64    `json:"poisoned,omitempty"`
	PoisonedFirst []string `json:"poisonedFirst,omitempty"`
	Seconds       float64  `json:"seconds"`
}

// CompareParams say how to compare.
type CompareParams struct {
	// Looks is how often something that looks off is looked at before it is a finding;
	// 0 is the audit's own number.
	Looks int `json:"looks,omitempty"`
}

// CompareResult is what a comparison found.
type CompareResult struct {
	Products int `json:"products"`
	Orders   int `json:"orders"`
	// Cold orders are in the view alone: they have left Redis.
	Cold     int `json:"cold"`
	Suspects int `json:"suspects"`
	// Findings are the first of all that were found; Found is how many that are.
	Findings []ViewFinding `json:"findings,omitempty"`
	Found    int           `json:"found"`
	Seconds  float64       `json:"seconds"`
}

// ViewFinding is one document of a view that differs from its entity.
type ViewFinding struct {
	Kind   string `json:"kind"`
	View   string `json:"view"`
	ID     string `json:"id"`
	Detail string `json:"detail"`
}

// RebuildRefusedError is the type of the application error with which a rebuild ends whose
// new view refuses what only the old one has.
const RebuildRefusedError = "refused_by_the_new_view"
