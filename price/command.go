package price

import (
	"fmt"

	"holdfast/order"
)

// Command is what one of the shop's commands takes off an order.
type Command struct {
	// ID and Version of the command.
	ID      string
	Version int64
	// Line is the position of the line whose sku it is taken off; below 0 it is divided among all
	// lines.
	Line int
	// Amount in minor units, not negative. What is more than the rest of the price is left out.
	Amount int64
}

// giveGifts takes the whole price off the lines that are given away. Nothing else applies to
// them.
func (b *basket) giveGifts() {
	for i := range b.groups {
		g := &b.groups[i]
		if gift := g.line.Gift; gift != nil {
			b.because(order.AdjustmentGift, gift.Command, gift.Version)
			b.take(i, g.amount)
		}
	}
}

// applyCommands takes off what commands do, after all discounts that buyers know.
func (b *basket) applyCommands() error {
	for i, c := range b.r.Commands {
		if !b.fits() {
			return tooManyBytes(b.takenBytes)
		}
		if c.Line >= len(b.r.Lines) || c.Amount < 0 {
			return &Refusal{indexed("commands", i), RefusalCommand, fmt.Sprintf("command %s takes %d off line %d", c.ID, c.Amount, c.Line)}
		}
		sum := b.pick(func(g *group) bool { return g.line.Gift == nil && (c.Line < 0 || b.has(g, c.Line)) })
		b.because(order.AdjustmentCommand, c.ID, c.Version)
		b.takeFrom(b.picked, min(b.steps(c.Amount), sum))
	}
	return nil
}

// has reports whether a line belongs to a group.
func (b *basket) has(g *group, line int) bool {
	return sameTerms(&b.r.Lines[line], g.line)
}
