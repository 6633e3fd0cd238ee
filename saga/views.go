package saga

// RebuildParams names the view.
type RebuildParams struct {
	View string `json:"view"`
	// Unasked means that no operator asked for it. It then discards nothing that a backup
	// may have.
	Unasked bool `json:"unasked,omitempty"`
}

// RebuildProgress is how far a walk over a view has come. It is sent with the heartbeats.
type RebuildProgress struct {
	Stage string `json:"stage"`
	Done  int64  `json:"done"`
	Total int64  `json:"total,omitempty"` // 0 if unknown
}

// RebuildResult is what a rebuild did.
type RebuildResult struct {
	View string `json:"view"`
	// Documents in the new view, by source.
	FromHomes     int64 `json:"fromHomes"`
	FromOldView   int64 `json:"fromOldView,omitempty"`
	FromWorkflows int64 `json:"fromWorkflows,omitempty"`
	// Changed documents that were brought in during the rebuild.
	Changed int64 `json:"changed,omitempty"`
	// Poisoned counts documents that the view can't store; PoisonedFirst gives the reason
	// for some of them.
	Poisoned      int64    `json:"poisoned,omitempty"`
	PoisonedFirst []string `json:"poisonedFirst,omitempty"`
	Seconds       float64  `json:"seconds"`
}

// CompareParams says how to compare.
type CompareParams struct {
	// Looks is how often a suspected difference is checked before it becomes a finding; 0
	// is the audit's default.
	Looks int `json:"looks,omitempty"`
}

// CompareResult is what a comparison found.
type CompareResult struct {
	Products int `json:"products"`
	Orders   int `json:"orders"`
	// Cold counts orders that are only in the view: they have left Redis.
	Cold     int `json:"cold"`
	Suspects int `json:"suspects"`
	// Findings are the first of all findings; Found is their total number, and Kinds that of each
	// kind.
	Findings []ViewFinding  `json:"findings,omitempty"`
	Found    int            `json:"found"`
	Kinds    map[string]int `json:"kinds,omitempty"`
	Seconds  float64        `json:"seconds"`
}

// ViewFinding is one document of a view that differs from its entity.
type ViewFinding struct {
	Kind   string `json:"kind"`
	View   string `json:"view"`
	ID     string `json:"id"`
	Detail string `json:"detail"`
}

// RebuildRefusedError is the type of the application error with which a rebuild ends if the
// new view refuses documents that only the old one has.
const RebuildRefusedError = "refused_by_the_new_view"
