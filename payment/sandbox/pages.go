package sandbox

const payPath = "/sandbox/pay/"
