package customer

import (
	"strings"

	"holdfast/product"
)

// reserved is the id in /v1/customers/me, where it stands for whoever calls.
const reserved = "me"

// ValidID reports whether a customer can have this id.
func ValidID(id string) bool { return product.ValidID(id) && id != reserved }

// Guests order without an account. A guest's id is chosen by the gateway and known to no
// identity provider: tokens for customers can't have such an id.
const (
	guestPrefix = "guest-"
	guestDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	guestLength = 26
)

// GuestID is the id of the guest with this name: 26 random characters of base32.
func GuestID(name string) string { return guestPrefix + name }

// IsGuest reports whether the id is a guest's.
func IsGuest(id string) bool {
	name, ok := strings.CutPrefix(id, guestPrefix)
	return ok && len(name) == guestLength && strings.Trim(name, guestDigits) == ""
}
