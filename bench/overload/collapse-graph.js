export async function drawCollapse() {}
