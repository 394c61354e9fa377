"""What limits stations, what cars ask for, and controls of the grid."""
